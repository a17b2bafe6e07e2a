# The same by age.
config lag_age=500
start
open A
A.next
put x=1
wait 499ms
report
wait 1ms
A.next

# Neither notice nor mark for three heartbeats: the backing counts as failed. A mark is enough to stay.
start
put x=1
by hand
wait 29000ms
mark
wait 29000ms
wait 1000ms
report

# Z25: a revno that was never reached is an error of its own, not an empty watch.
config window=10
start
put x=1
put y=1
resume A r7
resume A r3
resume A r2
A.try

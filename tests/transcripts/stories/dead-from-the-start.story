# A machine that never had a backing answers everybody with why.
start dead
open A
resume A r0
report

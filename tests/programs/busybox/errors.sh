# Wrong use: messages and statuses.
r() { "$@"; echo "status $?"; }
r ls --nosuchoption 2>&1 | head -2; r cat; r cp onlyone; r mv; r mkdir; r grep; r sed
r awk; r tar; r head -n abc script; r tail -c xyz script; r sort -k; r cut -f; r tr
r expr 1 +; r expr a + 1; r test 1 -eq; r '[' 1 = 1; r kill -NOSUCH 1; r kill 99999999
r chmod zzz script; r chmod 999 script; r ln; r touch /nosuch/x; r mkdir /nosuch/x
r dd if=nosuch; r dd nosuch=1; r cmp; r diff one; r find nosuch; r find . -nosuch
r xargs nosuchcommand </dev/null; echo x | r xargs nosuchcommand; r env nosuchcommand
r timeout; r seq; r seq a; r sleep; r sleep x; r date +; r bc nosuch; r md5sum nosuch
r gzip nosuch; r gunzip script; r uniq nosuch; r wc nosuch; r readlink nosuch
r realpath nosuch/x; r rm nosuch; r rm -f nosuch; r rmdir nosuch; r stat nosuch
r basename; r printf; r printf '%d\n' 12x; r cd /nosuch; r unset 1x; r shift 99
r nosuchcommand; r /nosuch/command; r . ./nosuch 

# Perl and the system: files, directories, fork, pipes, signals, sockets, processes, times, modules of the core.
use strict;
use warnings;
use POSIX qw(:sys_wait_h :fcntl_h strftime floor ceil fmod strtol setlocale LC_ALL);
use File::Temp qw(tempdir);
use File::Find;
use File::Basename;
use File::Spec;
use File::Path qw(make_path remove_tree);
use File::Copy;
use Cwd;
use IO::Handle;
use IO::Select;
use IO::Socket::UNIX;
use IO::Socket::INET;
use Socket;
use Time::HiRes qw(sleep alarm time);
use Time::Local;
use Data::Dumper;
use List::Util qw(sum max min first reduce shuffle uniq any all pairs product);
use Scalar::Util qw(blessed reftype looks_like_number weaken dualvar);
use Storable qw(freeze thaw dclone);
use Digest::MD5 qw(md5_hex);
use Digest::SHA qw(sha256_hex sha1_hex hmac_sha256_hex);
use MIME::Base64;
use Encode qw(encode decode from_to);
use Math::BigInt;
use Math::BigFloat;
use JSON::PP;
use Getopt::Long;
use Text::Wrap;
use Text::ParseWords;
use Compress::Zlib;
use IPC::Open3;
use Fcntl qw(:flock :seek :mode);
use Errno;
use Unicode::Normalize;
use Sys::Hostname;
use Hash::Util qw(lock_keys);
use Tie::File;
use Benchmark ();
$| = 1;
chdir 'scratch' or die "no scratch: $!";

open(my $out, '>', 'file') or die;
print {$out} "line $_\n" for 1 .. 1000;
close $out;
open(my $in, '<', 'file') or die;
my $n = 0;
$n++ while <$in>;
print "$n lines, at $.\n";
seek $in, 5, SEEK_SET;
read $in, my $buffer, 10;
print "$buffer|", tell($in), ' ', eof($in) ? 'eof' : 'more', "\n";
close $in;
{ local @ARGV = ('file'); local $/ = \4096; my @blocks = <>; print scalar(@blocks), " blocks\n" }
{
    local ($^I, @ARGV) = ('.bak', 'file');
    while (<>) { s/line/LINE/; print if $. <= 3 }
}
print -s 'file', ' ', -s 'file.bak', ' ', -e 'nosuch' ? 1 : 0, ' ', -d '.' ? 'd' : '', "\n";
sysopen(my $fh, 'raw', O_RDWR | O_CREAT | O_EXCL, 0640) or die;
syswrite $fh, "abcdef", 4, 1;
sysseek $fh, 0, 0;
sysread $fh, $buffer, 100;
printf "%s %o\n", $buffer, (stat 'raw')[2] & 07777;
close $fh;
print sysopen($fh, 'raw', O_CREAT | O_EXCL) ? 'opened' : "$! " . ($! + 0) . " $!{EEXIST}", "\n";
truncate 'raw', 2;
print -s 'raw', "\n";
make_path('tree/a/b', 'tree/c');
copy('file', 'tree/a/copy');
move('raw', 'tree/c/moved');
symlink '../file', 'tree/link';
link 'file', 'tree/hard';
rename 'tree/hard', 'tree/harder';
chmod 0600, 'tree/harder';
utime 1e9, 1e9, 'tree/c/moved';
my @found;
find(
    {
        wanted => sub { push @found, $File::Find::name . (-l $_ ? '@' : -d _ ? '/' : '') },
        no_chdir => 1
    },
    'tree'
);
print join(' ', sort @found), ' ', readlink 'tree/link', ' ', (stat 'tree/c/moved')[9], ' ',
    (lstat 'tree/harder')[3], "\n";
opendir(my $d, 'tree') or die;
print join(' ', sort grep { !/^\./ } readdir $d), ' ', join(' ', sort glob 'tree/{a,c}*/*'), ' ',
    basename(getcwd()), ' ', File::Spec->catfile('a', 'b'), ' ', join('|', fileparse('/x/y.tar.gz', qr/\.[^.]*/)),
    "\n";
remove_tree('tree');
print -d 'tree' ? 'there' : 'gone', ' ', unlink('file', 'nosuch'), "\n";

my @pids = map {
    my $k = $_;
    my $pid = fork // die;
    if (!$pid) { sleep 0.02 * (4 - $k); POSIX::_exit($k) }
    $pid
} 1 .. 3;
print join(' ', map { waitpid($_, 0); $? >> 8 } @pids), ' ', wait(), ' ', $!{ECHILD} ? 'ECHILD' : '', "\n";
pipe(my $r, my $w);
if (!fork) { close $r; print {$w} "from child $_\n" for 1 .. 3; close $w; POSIX::_exit 0 }
close $w;
print <$r>;
wait;
print `echo captured; exit 3`, $? >> 8, ' ', system('exit 5') >> 8, ' ', system('true'), ' ',
    system('kill -9 $$') & 127, ' ', system({ '/bin/sh' } 'renamed', '-c', 'echo $0; exit 0'), "\n";
print system('/nosuch/program') == -1 ? "not run: $!\n" : "run\n";
open(my $p, '-|', 'sort', '-r') if 0;
open($p, '|-', 'tr a-z A-Z') or die;
print {$p} "to a pipe\n";
close $p;
print "status $?\n";
my $pid = open3(my $to, my $from, undef, 'cat', '-n');
print {$to} "x\ny\n";
close $to;
print <$from>;
waitpid $pid, 0;
print $? >> 8, "\n";
if (open(my $child, '-|') // die) { print <$child> }
else { print "forked open\n"; exit 0 }
my @got;
$SIG{USR1} = sub { push @got, 'USR1' };
$SIG{ALRM} = sub { push @got, 'ALRM' };
kill USR1 => $$;
alarm 0.05;
select undef, undef, undef, 2;
print "@got\n";
eval {
    local $SIG{ALRM} = sub { die "timed out\n" };
    alarm 0.05;
    1 while 1;
};
print $@;
$SIG{CHLD} = sub {
    while ((my $k = waitpid -1, WNOHANG) > 0) { push @got, 'CHLD' . ($? >> 8) }
};
if (!fork) { exit 7 }
sleep 0.05 until grep { /CHLD/ } @got;
print "$got[-1]\n";
$SIG{CHLD} = 'DEFAULT';
{ local $SIG{INT} = 'IGNORE'; kill INT => $$; print "ignored\n" }
my $k = fork;
if (!$k) { sleep 10; exit }
kill TERM => $k;
waitpid $k, 0;
print 'killed by ', $? & 127, "\n";
my $set = POSIX::SigSet->new(POSIX::SIGUSR1());
my $old = POSIX::SigSet->new;
POSIX::sigprocmask(POSIX::SIG_BLOCK(), $set, $old);
kill USR1 => $$;
my $before = @got;
POSIX::sigprocmask(POSIX::SIG_SETMASK(), $old);
print @got - $before, " delivered when unblocked\n";
my $server = IO::Socket::INET->new(
    Listen => 5,
    LocalAddr => '127.0.0.1',
    ReuseAddr => 1
) or die;
my $port = $server->sockport;
if (!fork) {
    my $s = IO::Socket::INET->new(
        PeerAddr => '127.0.0.1',
        PeerPort => $port
    ) or die;
    print {$s} "request $_\n" for 1 .. 3;
    shutdown $s, 1;
    print "reply: $_" while <$s>;
    exit 0;
}
my $conn = $server->accept;
while (<$conn>) { print {$conn} uc $_ }
close $conn;
wait;
socketpair(my $a1, my $b1, AF_UNIX, SOCK_STREAM, PF_UNSPEC) or die;
syswrite $a1, 'pair';
sysread $b1, $buffer, 10;
print "$buffer ", join(',', map { fileno($_) > 2 ? 'fd' : '' } IO::Select->new($a1, $b1)->can_write(0)), "\n";
my $us = IO::Socket::UNIX->new(
    Local => 'sock',
    Listen => 1
) or die;
if (!fork) { my $c = IO::Socket::UNIX->new(Peer => 'sock'); print {$c} "unix\n"; exit 0 }
my $uc = $us->accept;
print scalar <$uc>;
wait;
print inet_ntoa(inet_aton('127.0.0.1')), ' ', join('.', unpack 'C4', INADDR_LOOPBACK), "\n";
open(my $lock, '>', 'lock');
flock $lock, LOCK_EX;
if (!fork) { open(my $l2, '>', 'lock'); print flock($l2, LOCK_EX | LOCK_NB) ? 'locked' : 'busy', "\n"; exit 0 }
wait;

$Data::Dumper::Sortkeys = $Data::Dumper::Indent = 1;
print Dumper({ a => [1, 'two', undef], b => \'ref', c => { d => 1.5 } });
my $copy = dclone({ x => [1, 2, { y => 3 }] });
print thaw(freeze($copy))->{x}[2]{y}, ' ', md5_hex('perl'), ' ', sha256_hex('perl'), ' ',
    hmac_sha256_hex('data', 'key'), ' ', encode_base64('perl rocks', ''), "\n";
print join(' ', sum(1 .. 100), max(3, 9, 2), first { $_ > 3 } (1 .. 9)), ' ', reduce { $a * $b } 1 .. 6;
print ' ', join(',', uniq 1, 1, 2), ' ', (any { $_ == 2 } 1, 2), ' ', product(2, 3), ' ', looks_like_number('1e5'),
    ' ', reftype(bless [], 'X'), "\n";
print Math::BigInt->new('123456789012345678901234567890')->bpow(3), ' ', Math::BigInt->new(100)->bfac, ' ',
    Math::BigFloat->new(2)->bsqrt(50), ' ', Math::BigInt->new('0xffffffffffffffffff')->bmod(97), "\n";
my $json = JSON::PP->new->canonical->pretty;
print $json->encode({ list => [1, 2.5, 'x', undef, JSON::PP::true], nested => { k => "\x{e9}\n" } }),
    decode_json('{"a":[1,{"b":"\u00e9"}]}')->{a}[1]{b} eq "\xe9" ? "decoded\n" : "wrong\n";
{
    local @ARGV = qw(--verbose --name=x --num 5 rest -- --more);
    my ($v, $name, $num);
    GetOptions(
        'verbose!' => \$v,
        'name=s' => \$name,
        'num=i' => \$num
    );
    print "$v $name $num @ARGV\n"
}
$Text::Wrap::columns = 30;
print wrap('* ', '  ', 'the quick brown fox jumps over the lazy dog again and again'), "\n",
    join('|', shellwords(q(a "b c" d\ e 'f'))), ' ', strftime('%Y-%m-%d %H:%M:%S %j', gmtime 86400 * 366), ' ',
    timegm(0, 0, 0, 1, 0, 100), ' ', scalar(gmtime 0), ' ', floor(-1.5), ceil(1.2), fmod(7, 3), ' ',
    join(',', strtol('ff', 16)), "\n";
my $text = join ' ', map { "word$_" } 1 .. 5000;
my $z = compress($text);
print length($text), ' ', length($z) < length($text) ? 'smaller' : 'larger', ' ',
    uncompress($z) eq $text ? 'same' : 'different', ' ', Compress::Zlib::crc32($text), ' ',
    length(Compress::Zlib::memGunzip(Compress::Zlib::memGzip($text))), ' ',
    encode('UTF-16BE', decode('UTF-8', "\xc3\xa9")) eq "\0\xe9" ? 'utf16' : '', ' ', length NFD("\x{e9}"), "\n";
tie my @lines, 'Tie::File', 'tied' or die;
push @lines, qw(a b c);
$lines[1] = 'B';
untie @lines;
open($in, '<', 'tied');
print <$in>;
open(my $mem, '>', \my $string);
print {$mem} "in memory";
close $mem;
print "$string ", -t STDIN ? 'tty' : 'no tty', ' ', (times)[0] >= 0 ? 'times' : '', ' ', $0, ' ', $^O, ' ', $] ,
    ' ', getppid() > 0 ? 'parent' : '', ' ', umask, "\n";
print "umask\n" if umask(027) >= 0;
local %ENV = (
    PATH => $ENV{PATH},
    NEW => 'set'
);
print `echo \$NEW`;
exec 'echo', 'replaced', 'at', 'the', 'end';

# Asks the original what its lookup tables answer. Lines: tables, address, anything; `!name = value` sets a setting.
use strict; use warnings; no warnings 'once';
use Data::Dumper;
use Amavis::Conf qw(:platform :confvars :dynamic_confvars);
use Amavis::Lookup qw(lookup2);
use Amavis::Lookup::RE;

sub new_RE { Amavis::Lookup::RE->new(@_) }
sub untainted { my ($text) = @_; $text =~ /^(.*)\z/s; $1 }

%Amavis::Conf::current_policy_bank = %{$Amavis::Conf::policy_bank{''}};
$Amavis::Conf::recipient_delimiter = '+';
while (my $line = <STDIN>) {
  chomp $line;
  next if $line =~ /^# /;
  if ($line =~ /^!(\w+)\s*=\s*(.*)$/) {
    no strict 'refs';
    ${"Amavis::Conf::$1"} = eval untainted($2);
    print "$line\n";
    next;
  }
  my ($tables, $address) = split /\t/, $line;
  my @tables = eval untainted("($tables)");
  die "$tables: $@" if $@;
  my $answer = lookup2(0, $address, \@tables);
  print "$tables\t$address\t", defined $answer ? "[$answer]" : 'undef', "\n";
}

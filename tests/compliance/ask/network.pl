# Asks the original whether addresses are in lists of networks. Lines: a list as Perl has it, address, anything.
use strict; use warnings; no warnings 'once';
use Data::Dumper;
use Amavis::Conf qw(:platform :confvars :dynamic_confvars);
use Amavis::Lookup::IP qw(lookup_ip_acl);
use Amavis::Lookup::Label;

sub untainted { my ($text) = @_; $text =~ /^(.*)\z/s; $1 }

%Amavis::Conf::current_policy_bank = %{$Amavis::Conf::policy_bank{''}};
my $label = Amavis::Lookup::Label->new('label');
while (my $line = <STDIN>) {
  chomp $line;
  next if $line =~ /^# /;
  my ($list, $address) = split /\t/, $line;
  my $table = eval untainted($list);
  die "$list: $@" if $@;
  my $found = eval { lookup_ip_acl($address, $label, $table) };
  $found = $@ ne '' ? "error" : $found ? 1 : 0;
  print "$list\t$address\t$found\n";
}

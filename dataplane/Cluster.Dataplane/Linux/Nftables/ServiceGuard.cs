using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Cluster.Dataplane.Addresses;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Linux.Nftables;

/// <summary>One nftables table that refuses, on virtual addresses, everything that is no service port.</summary>
/// <remarks>
/// Without it every listener on 0.0.0.0 would answer on every virtual address. Sets hold the ranges and the service ports, so the
/// cost of a packet does not grow with services and a change touches its elements alone. The answers are a reset for TCP and
/// "port unreachable" for the rest. Established TCP connections are not looked at: a service that loses its last backend keeps them.
/// <para>
/// Packets from and to virtual addresses skip connection tracking: it would cost, and published container ports (a translation of
/// every local address) would otherwise capture a service's port.
/// </para>
/// </remarks>
internal sealed class ServiceGuard(string table)
{
    /// <summary>Makes the table anew, in one transaction, with these ranges and ports.</summary>
    /// <param name="ranges">The virtual addresses.</param>
    /// <param name="ports">What may answer there.</param>
    /// <param name="refusing">False where something else refuses: then virtual addresses are kept from connection tracking, and no more.</param>
    /// <param name="mark">The mark of <see cref="MarkReturningAsync"/> from the start; 0: none.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task CreateAsync(IEnumerable<IPNetwork> ranges, IEnumerable<Place> ports, bool refusing, uint mark, CancellationToken cancellationToken)
    {
        var script = new StringBuilder(Removal);
        script.Append(CultureInfo.InvariantCulture, $$"""
            table inet {{table}} {
              set ranges4 { type ipv4_addr; flags interval; }
              set ranges6 { type ipv6_addr; flags interval; }
              chain untracked {
                ip daddr @ranges4 notrack
                ip saddr @ranges4 notrack
                ip6 daddr @ranges6 notrack
                ip6 saddr @ranges6 notrack
              }
              chain prerouting {
                type filter hook prerouting priority raw; policy accept;
                jump untracked
              }
              chain output {
                type filter hook output priority raw; policy accept;
                jump untracked
              }
            }

            """);
        if (refusing) AppendGuard(script);
        AppendRanges(script, "add", ranges);
        if (refusing) AppendPorts(script, "add", ports);
        if (mark != 0) script.Append(Marking(mark));
        return NftCommand.ApplyAsync(script.ToString(), cancellationToken);
    }

    /// <summary>Marks packets to sockets that speak from other machines' addresses, so that a rule can bring them here. To a table that is there.</summary>
    public Task MarkReturningAsync(uint mark, CancellationToken cancellationToken) => NftCommand.ApplyAsync(Marking(mark), cancellationToken);

    public Task ChangeRangesAsync(IEnumerable<IPNetwork> added, IEnumerable<IPNetwork> removed, CancellationToken cancellationToken)
    {
        var script = new StringBuilder();
        AppendRanges(script, "delete", removed);
        AppendRanges(script, "add", added);
        return script.Length == 0 ? Task.CompletedTask : NftCommand.ApplyAsync(script.ToString(), cancellationToken);
    }

    public Task ChangePortsAsync(IEnumerable<Place> added, IEnumerable<Place> removed, CancellationToken cancellationToken)
    {
        var script = new StringBuilder();
        AppendPorts(script, "delete", removed);
        AppendPorts(script, "add", added);
        return script.Length == 0 ? Task.CompletedTask : NftCommand.ApplyAsync(script.ToString(), cancellationToken);
    }

    public Task<bool> ExistsAsync(CancellationToken cancellationToken) => NftCommand.TableExistsAsync(table, cancellationToken);

    public Task RemoveAsync(CancellationToken cancellationToken) => NftCommand.ApplyAsync(Removal, cancellationToken);

    // Declared before it is deleted: deleting what is not there would be an error.
    private string Removal => $"table inet {table} {{}}\ndelete table inet {table}\n";

    private string Marking(uint mark) => string.Create(CultureInfo.InvariantCulture, $$"""
        table inet {{table}} {
          chain returning {
            type filter hook prerouting priority mangle; policy accept;
            socket transparent 1 meta mark set meta mark | {{mark}}
          }
        }

        """);

    private void AppendGuard(StringBuilder script) =>
        script.Append(CultureInfo.InvariantCulture, $$"""
            table inet {{table}} {
              set ports4 { type ipv4_addr . inet_proto . inet_service; }
              set ports6 { type ipv6_addr . inet_proto . inet_service; }
              chain guard {
                ip daddr . meta l4proto . th dport @ports4 accept
                ip6 daddr . meta l4proto . th dport @ports6 accept
                meta l4proto { icmp, icmpv6 } accept
                tcp flags & (fin | syn | rst | ack) != syn accept
                meta l4proto tcp reject with tcp reset
                reject with icmpx type port-unreachable
              }
              chain input {
                type filter hook input priority filter - 10; policy accept;
                ip daddr @ranges4 jump guard
                ip6 daddr @ranges6 jump guard
              }
            }

            """);

    private void AppendRanges(StringBuilder script, string verb, IEnumerable<IPNetwork> ranges)
    {
        foreach (var family in ranges.GroupBy(range => Family(range.BaseAddress)))
            Append(script, verb, "ranges" + family.Key, family.Select(range => range.ToString()));
    }

    private void AppendPorts(StringBuilder script, string verb, IEnumerable<Place> ports)
    {
        foreach (var family in ports.GroupBy(port => Family(port.Address)))
            Append(script, verb, "ports" + family.Key, family.Select(Element));
    }

    private void Append(StringBuilder script, string verb, string set, IEnumerable<string> elements) =>
        script.Append(CultureInfo.InvariantCulture, $"{verb} element inet {table} {set} {{ {string.Join(", ", elements)} }}\n");

    private static string Element(Place place) =>
        string.Create(CultureInfo.InvariantCulture, $"{place.Address} . {(place.Protocol == ServiceProtocol.Tcp ? "tcp" : "udp")} . {place.Port}");

    private static char Family(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6 ? '6' : '4';
}

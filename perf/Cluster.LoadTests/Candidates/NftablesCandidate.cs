using Cluster.LoadTests.Loads;
using Cluster.LoadTests.Machine;

namespace Cluster.LoadTests.Candidates;

/// <summary>The kernel's own address translation, as kube-proxy uses it: one rule in a namespace of its own.</summary>
internal sealed class NftablesCandidate() : Candidate("nftables", "nftables DNAT")
{
    public override string? Version(Stage stage) => Shell.Try("nft", "--version") is (0, { } output) ? output.Trim().Split(' ')[1] : null;

    public override RunningCandidate Start(Stage stage, Transport transport)
    {
        if (!Shell.Exists("nft")) throw new NotAvailableException("nft is not installed");
        var target = new LoadTarget(stage.NextEntry(), stage.Backend);
        var place = new TestNamespace($"nft-{transport}", stage.CongestionControl);
        try
        {
            place.Run("nft", "-f", stage.Write($"nft-{target.Entry.Port}.nft", Rules(target, transport)));
            return new RunningCandidate(Name, target, place, null, place);
        }
        catch (InvalidOperationException failure)
        {
            place.Dispose();
            throw new NotAvailableException(failure.Message);
        }
    }

    private static string Rules(LoadTarget target, Transport transport) => $$"""
        table ip cluster_bench {
            chain output {
                type nat hook output priority -100;
                ip daddr {{target.Entry.Address}} {{(transport == Transport.Udp ? "udp" : "tcp")}} dport {{target.Entry.Port}} dnat to {{target.Backend}}
            }
        }

        """;
}

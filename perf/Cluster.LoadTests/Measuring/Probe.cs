using System.Diagnostics;
using Cluster.LoadTests.Candidates;
using Cluster.LoadTests.Loads;

namespace Cluster.LoadTests.Measuring;

/// <summary>Waits until a candidate passes traffic.</summary>
internal static class Probe
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Attempt = TimeSpan.FromMilliseconds(100);

    /// <exception cref="NotAvailableException">It ended instead, or nothing comes through.</exception>
    public static void Await(RunningCandidate candidate, Transport transport, StopSignal stop)
    {
        long begin = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(begin) < Limit)
        {
            if (candidate.Process is { HasExited: true } ended) throw new NotAvailableException(LastLine(ended.Output));
            if (Passes(candidate, transport, stop)) return;
        }

        throw new NotAvailableException($"nothing comes through after {Limit.TotalSeconds:0} s; it said: {LastLine(candidate.Process?.Output ?? "")}");
    }

    private static bool Passes(RunningCandidate candidate, Transport transport, StopSignal stop)
    {
        using var loop = new LoadLoop(stop);
        using Load load = transport == Transport.Tcp ? new KeepAliveLoad(loop, candidate.Target, 1) : new UdpEchoLoad(loop, candidate.Target, 1);
        load.Open();
        return loop.RunUntil(() => load.Operations > 0, Attempt);
    }

    private static string LastLine(string output) => output.Split('\n', StringSplitOptions.RemoveEmptyEntries) is [.., var last] ? last.Trim() : "nothing was said";
}

using Cluster.LoadTests.Candidates;
using Cluster.LoadTests.Machine;
using Cluster.LoadTests.Measuring;

namespace Cluster.LoadTests.Tests.Measuring;

/// <summary>The harness over our own binary, for less than a second each.</summary>
public sealed class ComparisonTests
{
    private static readonly Timing Shortest = new(1, TimeSpan.FromSeconds(0.2), TimeSpan.FromSeconds(0.05), TimeSpan.FromSeconds(0.2), 50, TimeSpan.FromSeconds(0.1));

    [Fact]
    public void Run_DirectAndOwnBinary_MeasuresBothAndLeavesNothing()
    {
        string? binary = Environment.GetEnvironmentVariable("CLUSTER_BINARY");
        Assert.SkipUnless(binary is not null && File.Exists(binary), "CLUSTER_BINARY names no built program");
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess && Shell.Exists("ip"), "needs root on Linux with iproute2");
        string @namespace = "", scratch = "";
        Comparison comparison = null!;
        var thread = new Thread(() =>
        {
            using var stop = new StopSignal();
            using var stage = new Stage(binary!, "none", 0, CoreTimes.ReadAll().Length - 1);
            (@namespace, scratch) = (stage.Plain.Path, stage.Scratch);
            Candidate[] candidates = [.. CandidateList.All.Where(candidate => candidate.Name is "direct" or "managed")];
            comparison = new Comparison(stage, candidates, Shortest, stop, _ => { });
            comparison.Run([.. Works.All.Where(work => work.Name is "keep-alive" or "udp-echo" or "idle")]);
        });
        // It enters another network namespace, which no thread of the pool may.
        thread.Start();
        thread.Join();

        Assert.Empty(comparison.Absences);
        Assert.Equal(5, comparison.Samples.Count);
        Assert.All(comparison.Samples, sample => Assert.Null(sample.Failure));
        Assert.False(File.Exists(@namespace));
        Assert.False(Directory.Exists(scratch));
    }

    [Fact]
    public void Start_WithoutPeers_SaysWhatIsMissing() =>
        Assert.Contains("haproxy is not installed", Assert.Throws<NotAvailableException>(() => DebianTools.Command("nowhere", "usr/sbin/haproxy")).Message, StringComparison.Ordinal);
}

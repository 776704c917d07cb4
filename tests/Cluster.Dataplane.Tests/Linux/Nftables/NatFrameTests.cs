using System.Net;
using Cluster.Dataplane.Linux.Nftables.Nat;

namespace Cluster.Dataplane.Tests.Linux.Nftables;

public sealed class NatFrameTests
{
    private static readonly NatOptions Options = new() { Ranges = [IPNetwork.Parse("10.96.0.0/16")], PodRanges = [IPNetwork.Parse("10.244.0.0/16")] };

    [Fact]
    public void Script_WhatIsInvalidIsDropped_UnlessTheKernelTranslatesItToo()
    {
        var strict = new NatFrame(Options, [], passesInvalid: false);
        var liberal = new NatFrame(Options, [], passesInvalid: true);
        Assert.Contains("ct state invalid drop", strict.Script, StringComparison.Ordinal);
        Assert.DoesNotContain("invalid", liberal.Script, StringComparison.Ordinal);
        // The table that is there is the other one's, and is made anew.
        Assert.NotEqual(strict.Mark, liberal.Mark);
    }

    [Fact]
    public void Rules_AreCountedAsTheScriptHasThem()
    {
        var frame = new NatFrame(Options, [], passesInvalid: false);
        foreach (var (chain, rules) in frame.Rules)
        {
            var text = frame.Script[frame.Script.IndexOf($"chain {chain} {{", StringComparison.Ordinal)..];
            var lines = text[..text.IndexOf("\n  }", StringComparison.Ordinal)].Split('\n').Skip(1).Count(line => !line.TrimStart().StartsWith("type ", StringComparison.Ordinal));
            Assert.Equal(rules, lines);
        }
    }
}

using System.Globalization;

namespace Cluster.Fuzz.Tests;

/// <summary>How long, from where and on what a run goes, as the environment says: <c>./cluster fuzz</c> sets it.</summary>
internal static class FuzzLimits
{
    /// <summary>Seconds of each edge. A test run has a short share of it; <c>./cluster fuzz</c> gives each its part of an hour.</summary>
    public static int Seconds { get; } = int.Parse(Environment.GetEnvironmentVariable("CLUSTER_FUZZ_SECONDS") ?? "4", CultureInfo.InvariantCulture);

    /// <summary>What a failure printed: the run begins with that input. Null: anywhere.</summary>
    public static string? Seed { get; } = Environment.GetEnvironmentVariable("CLUSTER_FUZZ_SEED") is { Length: > 0 } seed ? seed : null;

    /// <summary>A file to try and nothing else; null: none.</summary>
    public static string? Input { get; } = Environment.GetEnvironmentVariable("CLUSTER_FUZZ_INPUT") is { Length: > 0 } path ? path : null;

    /// <summary>Where inputs that fail are kept.</summary>
    public static string Failures { get; } = Environment.GetEnvironmentVariable("CLUSTER_FUZZ_FAILURES") ?? Path.Combine(AppContext.BaseDirectory, "failures");

    /// <summary>One input that takes longer than this hangs: a thousand times what the slowest takes.</summary>
    public static TimeSpan Hang { get; } = TimeSpan.FromSeconds(60);
}

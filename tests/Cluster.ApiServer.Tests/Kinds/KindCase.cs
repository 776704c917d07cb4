namespace Cluster.ApiServer.Tests.Kinds;

/// <summary>What one kind is held to, through the real server.</summary>
/// <param name="Path">Of its collection.</param>
/// <param name="Kind">As errors name it: <c>Job.batch</c>.</param>
/// <param name="Good">An object that may be stored, without apiVersion and kind.</param>
public sealed record KindCase(string Path, string Kind, string Good)
{
    /// <summary>What the stored object holds besides: defaults.</summary>
    public string Defaults { get; init; } = "{}";

    /// <summary>A status to write, or none where the kind has no such part.</summary>
    public string? Status { get; init; }

    /// <summary>Merge patches of the good object, and what is told of them: the field, the reason and the message of each cause.</summary>
    public IReadOnlyList<(string Patch, string[] Causes)> Mistakes { get; init; } = [];

    /// <summary>Merge patches of the stored object that may not be.</summary>
    public IReadOnlyList<(string Patch, string[] Causes)> BadChanges { get; init; } = [];

    public string Plural => Path[(Path.LastIndexOf('/') + 1)..];

    public override string ToString() => Plural;
}

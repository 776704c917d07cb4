namespace Cluster.Containers;

/// <summary>A command to run in a container, or a container to attach to, with streams that the caller holds. Immutable.</summary>
public sealed record SessionSpec
{
    /// <summary>The command and its arguments; of no meaning where one attaches.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    public bool Stdin { get; init; }

    public bool Stdout { get; init; }

    /// <summary>With a terminal there is no separate stream of errors.</summary>
    public bool Stderr { get; init; }

    public bool Tty { get; init; }
}

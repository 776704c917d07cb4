namespace Cluster.Kubelet.Streaming.RemoteCommands;

/// <summary>The streams of a command as its client opened them; null is not asked for.</summary>
internal sealed record RemoteCommandStreams
{
    /// <summary>How it ended.</summary>
    public required IClientStream Error { get; init; }

    /// <summary>The end is a Status; clients of long ago get plain text.</summary>
    public required bool HasStatus { get; init; }

    public IClientStream? Stdin { get; init; }

    public IClientStream? Stdout { get; init; }

    public IClientStream? Stderr { get; init; }

    /// <summary>Sizes of the terminal, one JSON object after the other.</summary>
    public IClientStream? Resize { get; init; }
}

namespace Cluster.Kubelet.Streaming.WebSockets;

/// <summary>A WebSocket subprotocol that carries channels: each message begins with its channel's number.</summary>
/// <param name="Name">As it is negotiated; empty: the client names none.</param>
/// <param name="Base64">Text messages: the number as a digit, then base64.</param>
/// <param name="HasStatus">The error channel carries a Status; without, plain text.</param>
/// <param name="Closes">A client may close a channel: a message of 255 and the channel's number.</param>
internal sealed record ChannelProtocol(string Name, bool Base64, bool HasStatus, bool Closes)
{
    /// <summary>What the streams of a command or an attached container speak.</summary>
    public static IReadOnlyList<ChannelProtocol> RemoteCommand { get; } =
    [
        new("v5.channel.k8s.io", Base64: false, HasStatus: true, Closes: true),
        new("v4.channel.k8s.io", Base64: false, HasStatus: true, Closes: false),
        new("v4.base64.channel.k8s.io", Base64: true, HasStatus: true, Closes: false),
        new("channel.k8s.io", Base64: false, HasStatus: false, Closes: false),
        new("base64.channel.k8s.io", Base64: true, HasStatus: false, Closes: false),
        new("", Base64: false, HasStatus: false, Closes: false),
    ];

    /// <summary>What forwarded ports speak, beside SPDY in a tunnel.</summary>
    public static IReadOnlyList<ChannelProtocol> PortForward { get; } =
    [
        new("v5.channel.k8s.io", Base64: false, HasStatus: false, Closes: true),
        new("v4.channel.k8s.io", Base64: false, HasStatus: false, Closes: false),
        new("v4.base64.channel.k8s.io", Base64: true, HasStatus: false, Closes: false),
        new("", Base64: false, HasStatus: false, Closes: false),
    ];

    /// <summary>The first the client asks for that is known; null: none is.</summary>
    public static ChannelProtocol? Choose(IReadOnlyList<ChannelProtocol> known, IEnumerable<string> asked)
    {
        var names = asked.ToList();
        if (names.Count == 0) names.Add("");
        return names.Select(name => known.FirstOrDefault(protocol => protocol.Name == name)).FirstOrDefault(protocol => protocol is not null);
    }
}

namespace Cluster.Dataplane.Udp.Linux;

/// <summary>A socket by which replies leave, and those that wait for it. Used by its loop's thread alone.</summary>
/// <param name="descriptor">The socket.</param>
/// <param name="isV6">Its family.</param>
/// <param name="isRaw">It takes datagrams with their headers, from any frontend's address and port.</param>
internal sealed class ReplySocket(int descriptor, bool isV6, bool isRaw)
{
    /// <summary>Batches that are sent without joining after one client's way did not take it: the others get their chance again.</summary>
    private const int JoinRest = 1000;

    private int _joinRest;

    public int Descriptor { get; } = descriptor;

    public bool IsV6 { get; } = isV6;

    public bool IsRaw { get; } = isRaw;

    /// <summary>First and last of the replies that wait; -1 for none.</summary>
    public int Head { get; set; } = -1;

    public int Tail { get; set; } = -1;

    /// <summary>Whether the next batch may hold joined datagrams.</summary>
    public bool MayJoin() => !IsRaw && (_joinRest == 0 || --_joinRest == 0);

    public void RestFromJoining() => _joinRest = JoinRest;
}

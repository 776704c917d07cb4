using System.Runtime.InteropServices;

namespace Cluster.Dataplane.Linux.Netlink;

/// <summary>Takes apart what netlink answers: messages, and their attributes, which may stand in one another. Nothing is copied.</summary>
internal static class NetlinkMessages
{
    public const ushort NLMSG_ERROR = 2;
    public const ushort NLMSG_DONE = 3;
    private const int HeaderBytes = 16;
    private const ushort NLM_F_DUMP_INTR = 0x10;
    private const ushort NLA_TYPE_MASK = 0x3fff;

    /// <summary>Takes the next message off what was received; false where there is none.</summary>
    public static bool Next(ref ReadOnlySpan<byte> rest, out ushort type, out uint sequence, out ReadOnlySpan<byte> message)
    {
        type = 0;
        sequence = 0;
        message = default;
        if (rest.Length < HeaderBytes) return false;
        var length = Math.Clamp(MemoryMarshal.Read<int>(rest), HeaderBytes, rest.Length);
        type = MemoryMarshal.Read<ushort>(rest[4..]);
        sequence = MemoryMarshal.Read<uint>(rest[8..]);
        message = rest[HeaderBytes..length];
        rest = rest[Math.Min(Align(length), rest.Length)..];
        return true;
    }

    /// <summary>Whether the next message says that what it is part of the list of has changed meanwhile.</summary>
    public static bool IsInterrupted(ReadOnlySpan<byte> rest) => rest.Length >= HeaderBytes && (MemoryMarshal.Read<ushort>(rest[6..]) & NLM_F_DUMP_INTR) != 0;

    /// <summary>The error number of a message of type NLMSG_ERROR; 0 where it acknowledges.</summary>
    public static int Error(ReadOnlySpan<byte> message) => message.Length >= 4 ? -MemoryMarshal.Read<int>(message) : 0;

    /// <summary>The content of the first attribute of a type; empty where there is none.</summary>
    public static ReadOnlySpan<byte> Attribute(ReadOnlySpan<byte> attributes, ushort wanted)
    {
        while (attributes.Length >= 4)
        {
            var length = Math.Clamp(MemoryMarshal.Read<ushort>(attributes), (ushort)4, (ushort)Math.Min(attributes.Length, ushort.MaxValue));
            if ((MemoryMarshal.Read<ushort>(attributes[2..]) & NLA_TYPE_MASK) == wanted) return attributes[4..length];
            attributes = attributes[Math.Min(Align(length), attributes.Length)..];
        }

        return [];
    }

    private static int Align(int length) => (length + 3) & ~3;
}

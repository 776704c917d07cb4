using System.Buffers.Binary;

namespace Cluster.Dataplane.Dns;

/// <summary>Where things stand in a message (RFC 1035, 4.1.1).</summary>
internal static class DnsHeader
{
    public const int Bytes = 12;
    public const int Questions = 4;
    public const int Answers = 6;
    public const int Authorities = 8;
    public const int Additional = 10;

    /// <summary>Of byte 2.</summary>
    public const byte Response = 0x80, OpCode = 0x78, Authoritative = 0x04, Truncated = 0x02, RecursionDesired = 0x01;

    /// <summary>Of byte 3.</summary>
    public const byte RecursionAvailable = 0x80, CheckingDisabled = 0x10, Code = 0x0F;

    public const ushort ClassIn = 1;

    /// <summary>Type, class, TTL and length of data: what stands between a record's owner and its data.</summary>
    public const int RecordBytes = 10;

    /// <summary>No pointer reaches further (RFC 1035, 4.1.4).</summary>
    public const int MaxPointer = 0x3FFF;

    /// <summary>A name that is told by where it stands in the message already.</summary>
    public static ushort PointerTo(int offset) => (ushort)(0xC000 | offset);

    public static ushort UInt16At(ReadOnlySpan<byte> message, int offset) => BinaryPrimitives.ReadUInt16BigEndian(message[offset..]);

    public static void SetUInt16(Span<byte> message, int offset, int value) => BinaryPrimitives.WriteUInt16BigEndian(message[offset..], (ushort)value);
}

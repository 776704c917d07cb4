using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Cluster.Dataplane.Dns;

/// <summary>What is asked of another server: a name and a type of class IN. Two of the same are equal.</summary>
internal sealed class UpstreamQuestion(byte[] name, DnsType type) : NameEntry(name, type), IEquatable<UpstreamQuestion>
{
    private const int OptBytes = 11;

    public bool Equals(UpstreamQuestion? other) => other is not null && Is(other.Name, other.Type);

    public override bool Equals(object? obj) => Equals(obj as UpstreamQuestion);

    public override int GetHashCode() => Hash.GetHashCode();

    /// <summary>The question as a message, under an identifier that nobody can foresee.</summary>
    /// <param name="edns">Says how large a datagram we take. Servers that don't know EDNS are asked again without.</param>
    public byte[] ToMessage(bool edns)
    {
        int end = DnsHeader.Bytes + Name.Length + 4;
        var message = new byte[end + (edns ? OptBytes : 0)];
        RandomNumberGenerator.Fill(message.AsSpan(0, 2));
        message[2] = DnsHeader.RecursionDesired;
        DnsHeader.SetUInt16(message, DnsHeader.Questions, 1);
        Name.CopyTo(message, DnsHeader.Bytes);
        DnsHeader.SetUInt16(message, end - 4, (int)Type);
        DnsHeader.SetUInt16(message, end - 2, DnsHeader.ClassIn);
        if (!edns) return message;
        DnsHeader.SetUInt16(message, DnsHeader.Additional, 1);
        DnsHeader.SetUInt16(message, end + 1, (int)DnsType.OPT);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(end + 3), DnsQuery.MostUdpBytes);
        return message;
    }

    /// <summary>
    /// True for a bare header that says the server did not understand the question, as those say it that do not know EDNS. Nothing but that
    /// is to be believed of it: who forges it gains an answer without EDNS.
    /// </summary>
    public static bool IsRefusedBy(ReadOnlySpan<byte> answer, ReadOnlySpan<byte> asked) =>
        answer.Length == DnsHeader.Bytes && answer[..2].SequenceEqual(asked[..2])
        && (answer[2] & (DnsHeader.Response | DnsHeader.OpCode)) == DnsHeader.Response && DnsHeader.UInt16At(answer, DnsHeader.Questions) == 0
        && (answer[3] & DnsHeader.Code) is (int)DnsResponseCode.FormatError or (int)DnsResponseCode.NotImplemented;

    /// <summary>True for an answer to this very question: same identifier, name, type and class. Anything else is late or forged.</summary>
    public bool IsAnsweredBy(ReadOnlySpan<byte> answer, ReadOnlySpan<byte> asked)
    {
        int end = DnsHeader.Bytes + Name.Length + 4;
        if (answer.Length < end || !answer[..2].SequenceEqual(asked[..2])) return false;
        if ((answer[2] & (DnsHeader.Response | DnsHeader.OpCode)) != DnsHeader.Response || DnsHeader.UInt16At(answer, DnsHeader.Questions) != 1) return false;
        Span<byte> name = stackalloc byte[Name.Length];
        WireName.ToLower(answer.Slice(DnsHeader.Bytes, Name.Length), name);
        return name.SequenceEqual(Name) && answer[(end - 4)..end].SequenceEqual(asked[(end - 4)..end]);
    }
}

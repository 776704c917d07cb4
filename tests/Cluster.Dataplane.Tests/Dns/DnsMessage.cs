using System.Buffers.Binary;
using System.Net;
using System.Text;
using Cluster.Dataplane.Dns;

namespace Cluster.Dataplane.Tests.Dns;

/// <summary>A message taken apart, by a decoder that shares nothing with the server's: what tests compare.</summary>
internal sealed record DnsMessage(
    ushort Id, int Flags, DnsResponseCode Code, string Question, IReadOnlyList<ReceivedRecord> Answers, IReadOnlyList<ReceivedRecord> Authorities,
    IReadOnlyList<ReceivedRecord> Additional, bool HasOpt, int Bytes)
{
    public bool Truncated => (Flags & 0x0200) != 0;

    public bool Authoritative => (Flags & 0x0400) != 0;

    /// <summary>The data of the answers, sorted.</summary>
    public string[] Data => [.. Answers.Select(record => record.Data).Order(StringComparer.Ordinal)];

    /// <summary>The query of a name as a resolver writes it.</summary>
    public static byte[] Query(string name, DnsType type, int? ednsBytes = null, ushort id = 0xBEEF, byte ednsVersion = 0)
    {
        using var bytes = new MemoryStream();
        Put(bytes, id, 0x0100, 1, 0, 0, ednsBytes is null ? 0 : 1);
        PutName(bytes, name);
        Put(bytes, (int)type, 1);
        if (ednsBytes is { } size)
        {
            bytes.WriteByte(0);
            Put(bytes, 41, size);
            // Version, the DO bit, and a cookie.
            Put(bytes, ednsVersion, 0x8000, 12, 10, 8, 1, 2, 3, 4);
        }

        return bytes.ToArray();
    }

    /// <summary>An answer to a query, as another server gives it.</summary>
    public static byte[] Answer(ReadOnlySpan<byte> query, int code, IEnumerable<byte[]> answers, byte[]? authority = null, int flags = 0x8180)
    {
        using var bytes = new MemoryStream();
        byte[][] records = [.. answers];
        var end = 12;
        while (query[end] > 0) end += query[end] + 1;
        Put(bytes, BinaryPrimitives.ReadUInt16BigEndian(query), flags | code, 1, records.Length, authority is null ? 0 : 1, 1);
        bytes.Write(query[12..(end + 5)]);
        foreach (var record in records) bytes.Write(record);
        if (authority is not null) bytes.Write(authority);
        bytes.Write([0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0]);
        return bytes.ToArray();
    }

    /// <summary>A record; without a name it is the question's own.</summary>
    public static byte[] Record(string? name, DnsType type, int ttl, byte[] data)
    {
        using var bytes = new MemoryStream();
        if (name is null) Put(bytes, 0xC00C);
        else PutName(bytes, name);
        Put(bytes, (int)type, 1, ttl >> 16, ttl & 0xFFFF, data.Length);
        bytes.Write(data);
        return bytes.ToArray();
    }

    public static byte[] NameData(string name)
    {
        using var bytes = new MemoryStream();
        PutName(bytes, name);
        return bytes.ToArray();
    }

    public static DnsMessage Parse(ReadOnlySpan<byte> message)
    {
        var position = 12;
        var question = "";
        if (U16(message, 4) == 1)
        {
            question = $"{Name(message, ref position)} {(DnsType)U16(message, position)}";
            position += 4;
        }

        var sections = new List<ReceivedRecord>[3];
        var opt = false;
        var code = message[3] & 0x0F;
        for (var i = 0; i < 3; i++)
        {
            sections[i] = [];
            for (var left = U16(message, 6 + (i * 2)); left > 0; left--)
            {
                var name = Name(message, ref position);
                var type = (DnsType)U16(message, position);
                var ttl = BinaryPrimitives.ReadUInt32BigEndian(message[(position + 4)..]);
                var size = U16(message, position + 8);
                position += 10;
                if (type == DnsType.OPT)
                {
                    Assert.False(opt);
                    opt = true;
                    code |= (int)(ttl >> 24) << 4;
                }
                else
                {
                    sections[i].Add(new ReceivedRecord(name, type, (int)ttl, DataOf(message, type, position, size)));
                }

                position += size;
            }
        }

        Assert.Equal(message.Length, position);
        return new DnsMessage(U16(message, 0), U16(message, 2), (DnsResponseCode)code, question, sections[0], sections[1], sections[2], opt, message.Length);
    }

    private static string DataOf(ReadOnlySpan<byte> message, DnsType type, int position, int size)
    {
        switch (type)
        {
            case DnsType.A or DnsType.AAAA:
                return new IPAddress(message.Slice(position, size)).ToString();
            case DnsType.CNAME or DnsType.PTR:
                return Name(message, ref position);
            case DnsType.SRV:
                var place = position + 6;
                return $"{U16(message, position)} {U16(message, position + 2)} {U16(message, position + 4)} {Name(message, ref place)}";
            case DnsType.SOA:
                var server = Name(message, ref position);
                var mailbox = Name(message, ref position);
                return $"{server} {mailbox} {BinaryPrimitives.ReadUInt32BigEndian(message[(position + 16)..])}";
            case DnsType.TXT:
                return Encoding.ASCII.GetString(message.Slice(position + 1, message[position]));
            default:
                return Convert.ToHexString(message.Slice(position, size));
        }
    }

    private static string Name(ReadOnlySpan<byte> message, ref int position)
    {
        var text = new StringBuilder();
        var at = position;
        var jumped = false;
        while (message[at] != 0)
        {
            if (message[at] >= 0xC0)
            {
                var target = U16(message, at) & 0x3FFF;
                Assert.True(target < at);
                if (!jumped) position = at + 2;
                jumped = true;
                at = target;
                continue;
            }

            text.Append(Encoding.ASCII.GetString(message.Slice(at + 1, message[at]))).Append('.');
            at += message[at] + 1;
        }

        if (!jumped) position = at + 1;
        return text.ToString().TrimEnd('.');
    }

    private static ushort U16(ReadOnlySpan<byte> message, int offset) => BinaryPrimitives.ReadUInt16BigEndian(message[offset..]);

    private static void PutName(MemoryStream bytes, string name)
    {
        foreach (var label in name.Split('.', StringSplitOptions.RemoveEmptyEntries))
        {
            bytes.WriteByte((byte)label.Length);
            bytes.Write(Encoding.ASCII.GetBytes(label));
        }

        bytes.WriteByte(0);
    }

    private static void Put(MemoryStream bytes, params int[] values)
    {
        foreach (var value in values)
        {
            bytes.WriteByte((byte)(value >> 8));
            bytes.WriteByte((byte)value);
        }
    }
}

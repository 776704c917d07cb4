using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace Cluster.Dataplane.Dns;

/// <summary>The records of one name and type as an answer carries them. Immutable.</summary>
/// <remarks>The owner of each is a pointer to the question's name: an answer is a copy, in two pieces when it is another record's turn to come first.</remarks>
internal sealed class DnsRecordSet
{
    private readonly byte[] _bytes;
    private readonly int[] _starts;

    private DnsRecordSet(DnsType type, byte[] bytes, int[] starts)
    {
        Type = type;
        _bytes = bytes;
        _starts = starts;
    }

    public DnsType Type { get; }

    public int Count => _starts.Length;

    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>Where a record stands in <see cref="Bytes"/>.</summary>
    public int StartOf(int index) => _starts[index];

    public ReadOnlySpan<byte> Record(int index) => _bytes.AsSpan(_starts[index]..(index + 1 < _starts.Length ? _starts[index + 1] : _bytes.Length));

    /// <summary>Reads a byte of each place it consists of.</summary>
    public int Touch() => _bytes[0] + _starts[0];

    /// <summary>The name a CNAME, PTR or SRV leads to, inside of one of its records.</summary>
    public static int TargetOffset(DnsType type) => 2 + DnsHeader.RecordBytes + (type == DnsType.SRV ? 6 : 0);

    public bool Equals(DnsRecordSet other) => Type == other.Type && _bytes.AsSpan().SequenceEqual(other._bytes);

    /// <summary>Encodes records of one type; those with names or texts that no message can carry are left out.</summary>
    public static DnsRecordSet? Of(DnsType type, IEnumerable<DnsRecord> records)
    {
        var bytes = new MemoryStream();
        var starts = new List<int>();
        Span<byte> head = stackalloc byte[2 + DnsHeader.RecordBytes];
        foreach (DnsRecord record in records)
        {
            if (Data(record) is not { } data) continue;
            starts.Add((int)bytes.Length);
            BinaryPrimitives.WriteUInt16BigEndian(head, DnsHeader.PointerTo(DnsHeader.Bytes));
            BinaryPrimitives.WriteUInt16BigEndian(head[2..], (ushort)type);
            BinaryPrimitives.WriteUInt16BigEndian(head[4..], DnsHeader.ClassIn);
            BinaryPrimitives.WriteInt32BigEndian(head[6..], record.TtlSeconds);
            BinaryPrimitives.WriteUInt16BigEndian(head[10..], (ushort)data.Length);
            bytes.Write(head);
            bytes.Write(data);
        }

        return starts.Count == 0 ? null : new DnsRecordSet(type, bytes.ToArray(), [.. starts]);
    }

    private static byte[]? Data(DnsRecord record) => record switch
    {
        AddressRecord { Address.AddressFamily: AddressFamily.InterNetwork or AddressFamily.InterNetworkV6 } address => address.Address.GetAddressBytes(),
        NameRecord name => WireName.FromText(name.Target),
        ServerRecord server when WireName.FromText(server.Target) is { } target => [.. Two(server.Priority), .. Two(server.Weight), .. Two(server.Port), .. target],
        TextRecord { Text.Length: <= 255 } text => [(byte)text.Text.Length, .. Encoding.ASCII.GetBytes(text.Text)],
        _ => null,
    };

    private static byte[] Two(int value) => [(byte)(value >> 8), (byte)value];
}

using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;

namespace Cluster.ApiServer.OpenApi;

/// <summary>Writes protobuf fields one by one, for a message we have no generated type of.</summary>
internal sealed class ProtobufWriter
{
    private const int Varint = 0;
    private const int Fixed64 = 1;
    private const int LengthDelimited = 2;

    private readonly ArrayBufferWriter<byte> _bytes = new();

    public void Text(int field, string value) => Bytes(field, Encoding.UTF8.GetBytes(value));

    public void Texts(int field, JsonArray values)
    {
        foreach (var value in values)
            Text(field, value!.GetValue<string>());
    }

    /// <summary>Leaves out false, as proto3 does.</summary>
    public void Flag(int field, bool value)
    {
        if (!value)
            return;
        Number((uint)((field << 3) | Varint));
        Number(1);
    }

    public void Integer(int field, long value)
    {
        Number((uint)((field << 3) | Varint));
        Number((ulong)value);
    }

    public void Double(int field, double value)
    {
        Number((uint)((field << 3) | Fixed64));
        BinaryPrimitives.WriteDoubleLittleEndian(_bytes.GetSpan(sizeof(double)), value);
        _bytes.Advance(sizeof(double));
    }

    public void Message(int field, Action<ProtobufWriter> write)
    {
        var inner = new ProtobufWriter();
        write(inner);
        Bytes(field, inner._bytes.WrittenSpan);
    }

    public byte[] ToArray() => _bytes.WrittenSpan.ToArray();

    private void Bytes(int field, ReadOnlySpan<byte> value)
    {
        Number((uint)((field << 3) | LengthDelimited));
        Number((uint)value.Length);
        _bytes.Write(value);
    }

    /// <summary>Seven bits a byte, the lowest first; the top bit says that more follow.</summary>
    private void Number(ulong value)
    {
        for (; value >= 0x80; value >>= 7)
            _bytes.Write([(byte)(value | 0x80)]);
        _bytes.Write([(byte)value]);
    }
}

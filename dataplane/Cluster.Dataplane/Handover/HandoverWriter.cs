using System.Buffers.Binary;
using System.Net;
using System.Text;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Net;

namespace Cluster.Dataplane.Handover;

/// <summary>Builds one message after the other: numbers in the machine's order, for both sides are on one machine.</summary>
internal sealed class HandoverWriter
{
    private readonly byte[] _bytes = new byte[DescriptorSocket.MaxMessageBytes];
    private readonly int[] _descriptors = new int[DescriptorSocket.MaxDescriptors];
    private int _length;
    private int _count;

    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, _length);

    public ReadOnlySpan<int> Descriptors => _descriptors.AsSpan(0, _count);

    public int Room => _bytes.Length - _length;

    public bool HasRoomForDescriptor => _count < _descriptors.Length;

    /// <summary>Begins a message, in place of the last.</summary>
    public HandoverWriter Begin(HandoverMessage kind)
    {
        _length = _count = 0;
        return Byte((byte)kind);
    }

    public HandoverWriter Byte(byte value)
    {
        _bytes[_length++] = value;
        return this;
    }

    public HandoverWriter Number(uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_bytes.AsSpan(_length), value);
        _length += sizeof(uint);
        return this;
    }

    public HandoverWriter Long(ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(_bytes.AsSpan(_length), value);
        _length += sizeof(ulong);
        return this;
    }

    /// <summary>A text; what is longer than <see cref="HandoverReader.MaxTextBytes"/> is the caller's mistake.</summary>
    public HandoverWriter Text(string value)
    {
        int length = Encoding.UTF8.GetBytes(value, _bytes.AsSpan(_length + sizeof(uint)));
        Number((uint)length);
        _length += length;
        return this;
    }

    public HandoverWriter Address(ClientAddress value) => Long(value.High).Long(value.Low);

    public HandoverWriter Address(IPEndPoint value) => Address(ClientAddress.From(value.Address)).Number(ScopeOf(value.Address)).Number((uint)value.Port);

    private static uint ScopeOf(IPAddress address) => address.IsIPv6LinkLocal ? (uint)address.ScopeId : 0;

    public HandoverWriter Descriptor(int descriptor)
    {
        _descriptors[_count++] = descriptor;
        return this;
    }
}

using System.Buffers.Binary;
using System.Net;
using System.Text;
using Cluster.Dataplane.Net;

namespace Cluster.Dataplane.Handover;

/// <summary>Reads one message. Whatever does not stand in it is a <see cref="HandoverException"/>, never a read beyond its end.</summary>
internal ref struct HandoverReader(ReadOnlySpan<byte> bytes)
{
    /// <summary>The longest text: names of services and uids have 253 characters at most.</summary>
    public const int MaxTextBytes = 1024;

    private ReadOnlySpan<byte> _rest = bytes;

    public readonly bool IsAtEnd => _rest.IsEmpty;

    public byte Byte() => Take(1)[0];

    public uint Number() => BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint)));

    public ulong Long() => BinaryPrimitives.ReadUInt64LittleEndian(Take(sizeof(ulong)));

    public ushort Port()
    {
        uint value = Number();
        return value <= ushort.MaxValue ? (ushort)value : throw new HandoverException($"the other process names a port {value}");
    }

    public string Text()
    {
        uint length = Number();
        return length <= MaxTextBytes ? Encoding.UTF8.GetString(Take((int)length)) : throw new HandoverException($"the other process sends a text of {length} bytes");
    }

    public ClientAddress ClientAddress() => new(Long(), Long());

    public IPEndPoint EndPoint()
    {
        IPAddress address = ClientAddress().ToAddress();
        uint scope = Number();
        if (scope != 0 && !address.IsIPv6LinkLocal) throw new HandoverException($"the other process names an interface for {address}");
        if (scope != 0) address.ScopeId = scope;
        return new IPEndPoint(address, Port());
    }

    private ReadOnlySpan<byte> Take(int length)
    {
        if (_rest.Length < length) throw new HandoverException("a message of the other process is shorter than what stands in it");
        ReadOnlySpan<byte> taken = _rest[..length];
        _rest = _rest[length..];
        return taken;
    }
}

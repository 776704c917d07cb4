using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;
using Cluster.Dataplane.Net;

namespace Cluster.Dataplane.SocketLb;

/// <summary>A backend of one service port in the kernel's memory, one cache line. Programs write the counters, this process the rest.</summary>
[StructLayout(LayoutKind.Explicit, Size = Bytes)]
internal struct BackendRecord
{
    public const int Bytes = 64;

    /// <summary>The address in network order, IPv4 in its IPv6-mapped form.</summary>
    [FieldOffset(0)]
    public ulong AddressHigh;

    [FieldOffset(8)]
    public ulong AddressLow;

    /// <summary>In network order.</summary>
    [FieldOffset(16)]
    public uint Port;

    /// <summary>Bit 0: may answer on virtual addresses; bit 1: on external ones.</summary>
    [FieldOffset(20)]
    public ushort Usable;

    [FieldOffset(22)]
    public ushort Weight;

    /// <summary>Given once; 0: the record is free.</summary>
    [FieldOffset(24)]
    public uint Identity;

    /// <summary>The slot of its service.</summary>
    [FieldOffset(28)]
    public uint Service;

    /// <summary>Hash of its uid, by which the next process finds it again.</summary>
    [FieldOffset(32)]
    public ulong Uid;

    [FieldOffset(40)]
    public ulong Opened;

    [FieldOffset(48)]
    public ulong Failed;

    [FieldOffset(56)]
    public ulong Closed;

    /// <summary>What names it within its service.</summary>
    public readonly BackendKey Key => new(
        Uid,
        new ClientAddress(BinaryPrimitives.ReverseEndianness(AddressHigh), BinaryPrimitives.ReverseEndianness(AddressLow)),
        BinaryPrimitives.ReverseEndianness((ushort)Port));

    public void SetAddress(IPEndPoint endPoint)
    {
        var address = ClientAddress.From(endPoint.Address);
        AddressHigh = BinaryPrimitives.ReverseEndianness(address.High);
        AddressLow = BinaryPrimitives.ReverseEndianness(address.Low);
        Port = BinaryPrimitives.ReverseEndianness((ushort)endPoint.Port);
    }
}

using System.Buffers.Binary;
using System.Numerics;

namespace Cluster.Dataplane.Handover;

/// <summary>What both sides of a handover have to agree on. Whoever changes a message changes <see cref="Version"/> with it.</summary>
internal static class HandoverProtocol
{
    public const uint Magic = 0x4F48_4C43;

    public const uint Version = 2;

    /// <summary>The socket's name in the folder.</summary>
    public const string SocketName = "handover";

    /// <summary>More than the descriptors of any process here allow.</summary>
    public const int MaxListeners = 1 << 20;

    public const int MaxFlows = 1 << 21;

    public const int MaxAffinities = 1 << 20;

    public const int MaxPenalties = 1 << 20;

    /// <summary>A message with a flow or an affinity more has room for it while this much is left.</summary>
    public const int LargestEntryBytes = HandoverReader.MaxTextBytes * 2 + 256;

    /// <summary>Each step of the talk but <see cref="ReadyTimeout"/>: both sides do nothing else meanwhile.</summary>
    public static readonly TimeSpan StepTimeout = TimeSpan.FromSeconds(10);

    /// <summary>The new process loads the services of an API server first.</summary>
    public static readonly TimeSpan ReadyTimeout = TimeSpan.FromSeconds(120);

    /// <summary>A checksum (CRC-32C) over all messages of a part, so that what was left out or doubled by a mistake is found before anything is served by it.</summary>
    public static uint Checksum(uint before, ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length >= sizeof(ulong))
        {
            before = BitOperations.Crc32C(before, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[sizeof(ulong)..];
        }

        foreach (byte one in bytes) before = BitOperations.Crc32C(before, one);
        return before;
    }
}

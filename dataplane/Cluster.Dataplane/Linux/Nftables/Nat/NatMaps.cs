using System.Globalization;
using System.Runtime.InteropServices;

namespace Cluster.Dataplane.Linux.Nftables.Nat;

/// <summary>The maps that lead from a list's turn to a backend, and the sets of clients that backends have.</summary>
/// <remarks>
/// Each is there many times, and a number says which of them is whose: the kernel looks at every rule that uses a map for each element that is
/// added to it, and at every element for each rule that comes to use it, which must not grow with all services. They are made as services come
/// to need them. Numbers are marks, nft's one type for any word of four bytes.
/// </remarks>
internal static class NatMaps
{
    /// <summary>Clients that affinity remembers, of each set: a million of all together (about 100 bytes of the kernel's memory each).</summary>
    public const uint MaxClients = 65_535;

    /// <summary>How soon the memory of clients that are over time is given back.</summary>
    public static readonly TimeSpan CollectEvery = TimeSpan.FromSeconds(10);

    private const int Shards = 128;

    private const string BackendsName = "backends";

    /// <summary>Fewer, for each takes a megabyte of the kernel's memory from the start.</summary>
    private const int ClientShards = 16;

    private static readonly Dictionary<string, string[]> BackendNames = OfFamilies(BackendsName, Shards);
    private static readonly Dictionary<string, string[]> ClientNames = OfFamilies("clients", ClientShards);

    /// <summary><c>LIST . TURN : ADDRESS . PORT</c></summary>
    public static string Backends(NatFamily family, uint list) => BackendNames[family.Suffix][list % Shards];

    /// <summary><c>BACKEND . CLIENT</c>, filled by rules.</summary>
    public static string Clients(NatFamily family, ulong backend) => ClientNames[family.Suffix][backend % ClientShards];

    /// <summary>Of what a process leaves, the maps that the next one fills anew; clients keep their backends.</summary>
    public static bool IsOfBackends(string set) => set.StartsWith(BackendsName, StringComparison.Ordinal);

    /// <summary>Writes a key of the map of backends, in words of this host's order as rules load them.</summary>
    /// <returns>What was written into the memory.</returns>
    public static ReadOnlySpan<byte> TurnKey(Span<byte> memory, uint list, int turn)
    {
        MemoryMarshal.Write(memory, list);
        MemoryMarshal.Write(memory[4..], turn);
        return memory[..8];
    }

    private static Dictionary<string, string[]> OfFamilies(string name, int shards) => NatFamily.All.ToDictionary(family => family.Suffix, family => Names(name + family.Suffix, shards));

    private static string[] Names(string name, int shards) => [.. Enumerable.Range(0, shards).Select(shard => string.Create(CultureInfo.InvariantCulture, $"{name}_{shard}"))];
}

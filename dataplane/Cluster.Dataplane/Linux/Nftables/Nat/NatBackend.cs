using System.Net;

namespace Cluster.Dataplane.Linux.Nftables.Nat;

/// <summary>A backend as clients of one family reach it.</summary>
/// <param name="Uid">Whose address it is.</param>
/// <param name="Address">Its address of the family, and port.</param>
internal readonly record struct NatBackend(string Uid, IPEndPoint Address);

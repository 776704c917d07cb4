using System.Globalization;
using System.Net;
using Cluster.Dataplane.Linux.Nftables.Messages;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Linux.Nftables.Nat;

/// <summary>An element of one of the table's sets and maps of places; two service ports can't both have it.</summary>
/// <param name="Set">The set or map it stands in.</param>
/// <param name="Address">Null for node ports, which are on every address of the node.</param>
/// <param name="Protocol">The transport.</param>
/// <param name="Port">The port.</param>
internal readonly record struct NatPlace(string Set, IPAddress? Address, ServiceProtocol Protocol, int Port)
{
    /// <summary>The element's key, in memory of <see cref="NftPlace.MaxBytes"/>.</summary>
    public ReadOnlySpan<byte> Key(Span<byte> memory) => NftPlace.Write(memory, Address, Protocol, Port);

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{(Address is null ? "node port" : Address.ToString())} {(Protocol == ServiceProtocol.Tcp ? "TCP" : "UDP")} {Port}");
}

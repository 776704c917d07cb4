using System.Globalization;
using System.Net;
using System.Text;
using Cluster.Api;

namespace Cluster.ApiServer.Strategies;

/// <summary>The keys of claims and ledgers in the store. Their values only say who wrote them, for the eye of an operator.</summary>
internal static class Claims
{
    public const string Root = "/registry/cluster/";

    public const string ServiceAddresses = Root + "serviceips/";

    public const string NodePorts = Root + "nodeports/";

    /// <summary>Of an address in whatever spelling: one address is one claim.</summary>
    public static string ServiceAddress(string address) => ServiceAddresses + (IPAddress.TryParse(address, out var known) ? known.ToString() : address);

    public static string NodePort(int port) => string.Create(CultureInfo.InvariantCulture, $"{NodePorts}{port}");

    /// <summary>Written with every pod that comes to the node: a binding compares it to know that its sum is still true.</summary>
    public static string Ledger(string node) => $"{Root}nodes/{node}";

    public static ReadOnlyMemory<byte> ValueOf(IApiObject owner) =>
        Encoding.UTF8.GetBytes($"{owner.Metadata.Namespace}/{owner.Metadata.Name} {owner.Metadata.Uid}");
}

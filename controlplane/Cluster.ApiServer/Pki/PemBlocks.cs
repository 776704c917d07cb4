using System.Security.Cryptography;

namespace Cluster.ApiServer.Pki;

/// <summary>The parts of a PEM file that holds several things.</summary>
internal static class PemBlocks
{
    public static IReadOnlyList<string> Of(string pem)
    {
        List<string> blocks = [];
        for (var rest = pem; PemEncoding.TryFind(rest, out var fields); rest = rest[fields.Location.End..])
            blocks.Add(rest[fields.Location]);
        return blocks;
    }
}

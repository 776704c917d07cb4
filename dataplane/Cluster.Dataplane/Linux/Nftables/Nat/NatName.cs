using System.Globalization;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Linux.Nftables.Nat;

/// <summary>Names and numbers that are the same in every process, so that the next one finds again what an earlier one made.</summary>
internal static class NatName
{
    /// <summary>Letters of a service port's name: Kubernetes' own have 193 at most, and the kernel's chains 255.</summary>
    private const int MaxLetters = 200;

    /// <summary>A chain of a service port, by its name: <c>i4-shop/web.http/TCP</c>.</summary>
    public static string Chain(string kind, NatFamily family, ServicePortId id)
    {
        var name = id.ToString();
        var letters = string.Create(Math.Min(name.Length, MaxLetters), name, static (letters, name) =>
        {
            for (var i = 0; i < letters.Length; i++) letters[i] = IsLetter(name[i]) ? name[i] : '.';
        });
        // Between names of Kubernetes only the colon becomes a dot, and no two of them become alike by that.
        var isWhole = name.Length <= MaxLetters && !name.AsSpan().ContainsAnyExcept(WholeNames);
        return isWhole ? $"{kind}{family.Suffix}-{letters}" : string.Create(CultureInfo.InvariantCulture, $"{kind}{family.Suffix}-{letters}-{StableHash.Of(name):x16}");
    }

    /// <summary>
    /// The number of a service port's backend: the pod and its place. One that inherits the address of another is not taken for it by that
    /// one's clients, nor is it by clients of other services.
    /// </summary>
    public static ulong Number(ServicePortId id, NatBackend backend) => StableHash.Of(string.Create(CultureInfo.InvariantCulture, $"{id} {backend.Uid} {backend.Address}"));

    /// <summary>False for chains of the table's frame.</summary>
    public static bool IsOfService(string chain) => chain.Contains('-', StringComparison.Ordinal);

    private static readonly System.Buffers.SearchValues<char> WholeNames =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_/:");

    // What nft takes for a name; dots too, but those stand for what it does not.
    private static bool IsLetter(char letter) => char.IsAsciiLetterOrDigit(letter) || letter is '/' or '-' or '_';
}

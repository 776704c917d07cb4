using System.Security.Cryptography;
using Cluster.Api.Validation;

namespace Cluster.Api;

/// <summary>Names of objects: their formats and how one is made up.</summary>
public static class Names
{
    /// <summary>Neither vowels nor look-alikes: no words arise and none is misread.</summary>
    private const string SuffixAlphabet = "bcdfghjklmnpqrstvwxz2456789";

    private const int SuffixLength = 5;

    /// <summary>Longest prefix that is kept, so that the whole stays a DNS label.</summary>
    private const int MaxPrefixLength = NameFormats.LabelMaxLength - SuffixLength;

    /// <summary>A name from a generateName: the prefix, cut to 58 characters, and five random ones.</summary>
    public static string Generate(string prefix) =>
        string.Concat(prefix.AsSpan(0, Math.Min(prefix.Length, MaxPrefixLength)), Suffix());

    /// <summary>The alphabet's picture of a number: pod template hashes are names too.</summary>
    public static string SafeEncode(string text) =>
        string.Create(text.Length, text, (span, source) =>
        {
            for (var i = 0; i < span.Length; i++)
            {
                span[i] = SuffixAlphabet[source[i] % SuffixAlphabet.Length];
            }
        });

    /// <summary>Lower-case letters, digits and dashes, at most 63.</summary>
    public static bool IsDns1123Label(string name) => !NameFormats.Dns1123Label(name).Any();

    /// <summary>Labels joined by dots, at most 253 characters.</summary>
    public static bool IsDns1123Subdomain(string name) => !NameFormats.Dns1123Subdomain(name).Any();

    /// <summary>A label that starts with a letter.</summary>
    public static bool IsDns1035Label(string name) => !NameFormats.Dns1035Label(name).Any();

    private static string Suffix() => RandomNumberGenerator.GetString(SuffixAlphabet, SuffixLength);
}

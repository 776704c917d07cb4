using System.Globalization;
using System.Net;
using System.Text;

namespace Cluster.Proxy.Dns;

/// <summary>The forms of names that addresses take.</summary>
internal static class ClusterNames
{
    /// <summary>The name an address is looked up by: its parts from the last to the first, below arpa.</summary>
    public static string ToReverse(IPAddress address)
    {
        byte[] bytes = address.GetAddressBytes();
        var name = new StringBuilder();
        foreach (byte part in bytes.Reverse())
        {
            if (bytes.Length == 4) name.Append(part).Append('.');
            else name.Append((part & 0xF).ToString("x", CultureInfo.InvariantCulture)).Append('.').Append((part >> 4).ToString("x", CultureInfo.InvariantCulture)).Append('.');
        }

        return name.Append(bytes.Length == 4 ? "in-addr.arpa" : "ip6.arpa").ToString();
    }

    /// <summary>An address as one label: dots and colons become dashes.</summary>
    public static string ToLabel(string address) => address.Replace('.', '-').Replace(':', '-');
}

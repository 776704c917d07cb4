using System.Globalization;
using System.Text;
using Cluster.Dataplane.Services;

namespace Cluster.Proxy.Serving;

/// <summary>What a process that was taken over from still has of each backend, as lines that the process that serves adds to its metrics: labels, a tab, a number.</summary>
internal static class LeftText
{
    public static string Of(ServiceDirectory directory)
    {
        var lines = new Dictionary<string, long>();
        foreach (var entry in directory.Current.Entries)
            foreach (var backend in entry.Backends) Count(lines, entry.Port.Id, backend);
        foreach (var (id, backend) in directory.Gone()) Count(lines, id, backend);
        var text = new StringBuilder();
        foreach (var (labels, count) in lines) text.Append(labels).Append('\t').Append(CultureInfo.InvariantCulture, $"{count}\n");
        return text.ToString();
    }

    /// <summary>Adds up what several of them say.</summary>
    public static Dictionary<string, long> Sum(IEnumerable<string> said)
    {
        var sums = new Dictionary<string, long>();
        foreach (var line in said.SelectMany(text => text.Split('\n')))
        {
            var tab = line.IndexOf('\t', StringComparison.Ordinal);
            if (tab > 0 && long.TryParse(line.AsSpan(tab + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count)) sums[line[..tab]] = sums.GetValueOrDefault(line[..tab]) + count;
        }

        return sums;
    }

    private static void Count(Dictionary<string, long> lines, ServicePortId id, Backend backend)
    {
        if (backend.State.Active <= 0) return;
        var labels = BackendText.Labels(id, backend);
        lines[labels] = lines.GetValueOrDefault(labels) + backend.State.Active;
    }
}

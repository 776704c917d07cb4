namespace Cluster.Proxy;

/// <summary>
/// The list of what was made on the host, one line each, written before it is made: whoever cleans up after a kill finds it there.
/// </summary>
public sealed class OwnedFile(string path)
{
    private readonly Lock _lock = new();
    private HashSet<string>? _lines;

    /// <summary>Adds a line unless it is there already, and returns when it is on disk.</summary>
    public void Record(string line)
    {
        lock (_lock)
        {
            _lines ??= File.Exists(path) ? [.. File.ReadAllLines(path)] : [];
            if (!_lines.Add(line)) return;
            using var file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
            file.Write(System.Text.Encoding.UTF8.GetBytes(line + "\n"));
            file.Flush(flushToDisk: true);
        }
    }
}

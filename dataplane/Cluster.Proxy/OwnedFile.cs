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

    /// <summary>Whether the line is there.</summary>
    public bool Has(string line)
    {
        lock (_lock) return File.Exists(path) && File.ReadAllLines(path).Contains(line);
    }

    /// <summary>Takes out the lines of what is no longer there.</summary>
    public void Forget(Func<string, bool> gone)
    {
        lock (_lock)
        {
            if (!File.Exists(path)) return;
            var lines = File.ReadAllLines(path);
            _lines = null;
            if (lines.Any(gone)) File.WriteAllLines(path, lines.Where(line => !gone(line)));
        }
    }
}

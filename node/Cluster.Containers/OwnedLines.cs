namespace Cluster.Containers;

/// <summary>Our lines in DATA/owned, the list of what was made on the host: whoever cleans up after a kill reads it.</summary>
/// <param name="path">The file; null where nothing is recorded.</param>
internal sealed class OwnedLines(string? path)
{
    public bool Has(string line) => File.Exists(path) && File.ReadAllLines(path).Contains(line);

    /// <summary>Written before the deed, so that a kill in between loses nothing.</summary>
    public async Task RecordAsync(string line, CancellationToken cancellationToken)
    {
        if (path is null || Has(line)) return;
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await File.AppendAllTextAsync(path, line + "\n", cancellationToken);
    }

    /// <summary>What it says is undone.</summary>
    public async Task ForgetAsync(string line, CancellationToken cancellationToken)
    {
        if (!Has(line)) return;
        var rest = (await File.ReadAllLinesAsync(path!, cancellationToken)).Where(other => other != line);
        await File.WriteAllLinesAsync(path!, rest, cancellationToken);
    }
}

namespace Cluster.Cli.Hosting;

/// <summary>The folder that holds all a cluster keeps on a machine, and where in it each thing lies.</summary>
internal sealed class DataDirectory
{
    public const string DefaultPath = "/var/lib/cluster";

    /// <summary>What a start needs at least: a store's first pages, certificates, logs.</summary>
    public const long MinimumFreeBytes = 64L << 20;

    private DataDirectory(string root) => Root = root;

    public string Root { get; }

    public string Kubeconfig => Path.Combine(Root, "kubeconfig");

    public string Pki => Path.Combine(Root, "pki");

    public string Store => Path.Combine(Root, "store");

    /// <summary>The keys that Secrets are encrypted with in the store.</summary>
    public string EncryptionKeys => Path.Combine(Pki, "encryption-keys");

    /// <summary>The name of the key that all Secrets are encrypted with, once they are.</summary>
    public string EncryptedWith => Path.Combine(Run, "encrypted-with");

    /// <summary>The kubelet's: volumes, and the files it mounts into containers.</summary>
    public string Pods => Path.Combine(Root, "kubelet");

    public string Logs => Path.Combine(Root, "logs");

    public string Run => Path.Combine(Root, "run");

    /// <summary>The services the proxy saw last.</summary>
    public string ServiceTable => Path.Combine(Run, "services");

    /// <summary>Where one process of the proxy takes over from another.</summary>
    public string Handover => Path.Combine(Run, "handover");

    /// <summary>A record of each process of the proxy, by pid: the one that serves, those that end their connections, one that prepares.</summary>
    public string Proxies => Path.Combine(Run, "proxies");

    /// <summary>Where the proxy tells the kubelet of pods' connections.</summary>
    public string DrainSocket => Path.Combine(Run, "proxy.sock");

    /// <summary>A line for each thing <c>up</c> created on the host, written before it is created, so that <c>down</c> works after a kill -9.</summary>
    public string Owned => Path.Combine(Root, "owned");

    public string ComponentKubeconfig(string component) => Path.Combine(Pki, component + ".kubeconfig");

    /// <summary>The folder as it is; it need not exist.</summary>
    public static DataDirectory At(string path) => new(Path.GetFullPath(path));

    /// <summary>Creates what is missing and proves that it can be written.</summary>
    /// <exception cref="CliException">No permission, no space, or a file in the way.</exception>
    public static DataDirectory Prepare(string path)
    {
        DataDirectory data = At(path);
        try
        {
            foreach (string folder in new[] { data.Root, data.Pki, data.Store, data.Logs, data.Run })
                Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            data.ProveWritable();
        }
        catch (UnauthorizedAccessException)
        {
            throw new CliException($"no permission to write {data.Root}: run as root or choose another folder with --data DIR");
        }
        catch (IOException failure)
        {
            throw new CliException($"cannot use the data folder {data.Root}: {failure.Message}");
        }

        return data;
    }

    /// <summary>What is mounted below the folder, outer before inner.</summary>
    public async Task<IReadOnlyList<string>> MountsAsync(CancellationToken cancellationToken) =>
        [.. (await File.ReadAllLinesAsync("/proc/self/mounts", cancellationToken))
            .Select(line => Unescape(line.Split(' ')[1])).Where(path => path.StartsWith(Root + "/", StringComparison.Ordinal))];

    /// <summary>Removes what a cluster keeps here; the folder itself only if nothing else lies in it.</summary>
    /// <exception cref="CliException">Something is still mounted below it, and would be emptied.</exception>
    public async Task PurgeAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<string> mounts = await MountsAsync(cancellationToken);
        if (mounts.Count > 0) throw new CliException($"{mounts[0]} is still mounted: unmount it, then run this again");
        foreach (string folder in new[] { Pki, Store, Pods, Logs, Run })
            if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        foreach (string file in new[] { Kubeconfig, Owned, Path.Combine(Root, "dockerd.log") }) File.Delete(file);
        if (!Directory.EnumerateFileSystemEntries(Root).Any()) Directory.Delete(Root);
    }

    // The kernel writes blanks in the table of mounts as octal.
    private static string Unescape(string path) =>
        path.Replace("\\040", " ", StringComparison.Ordinal).Replace("\\011", "\t", StringComparison.Ordinal).Replace("\\134", "\\", StringComparison.Ordinal);

    private void ProveWritable()
    {
        long free = new DriveInfo(Root).AvailableFreeSpace;
        if (free < MinimumFreeBytes)
            throw new CliException($"the disk of {Root} is full: {free >> 20} MB free, at least {MinimumFreeBytes >> 20} MB needed; free some space or choose another folder with --data DIR");

        string probe = Path.Combine(Run, "probe");
        using (var file = new FileStream(probe, FileMode.Create, FileAccess.Write))
        {
            file.Write(new byte[4096]);
            file.Flush(flushToDisk: true);
        }

        File.Delete(probe);
    }
}

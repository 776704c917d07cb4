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

    /// <summary>The kubelet's: volumes, and the files it mounts into containers.</summary>
    public string Pods => Path.Combine(Root, "kubelet");

    public string Logs => Path.Combine(Root, "logs");

    public string Run => Path.Combine(Root, "run");

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

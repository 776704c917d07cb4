namespace Cluster.Cli.Hosting;

/// <summary>Held while a cluster is up: one a data folder, and one a machine, whose engine, routes and rules it needs for itself.</summary>
internal sealed class UpLock : IDisposable
{
    private const string MachineLock = "/run/cluster.lock";

    // Names the data folder of the cluster that is up on this machine: a file of its own, for a locked one can't be read.
    private const string MachineOwner = "/run/cluster.owner";

    private readonly FileStream folder;
    private readonly FileStream machine;

    private UpLock(FileStream folder, FileStream machine)
    {
        this.folder = folder;
        this.machine = machine;
    }

    public static string PidPath(DataDirectory data) => Path.Combine(data.Run, "up.pid");

    /// <exception cref="CliException">The cluster of this folder is up, or another one is on this machine.</exception>
    public static UpLock Take(DataDirectory data)
    {
        FileStream folder = TryLock(Path.Combine(data.Run, "up.lock")) ?? throw new CliException(
            $"the cluster in {data.Root} is already up{Owner(data)}: `cluster status` shows it, `cluster down` stops it");
        FileStream? machine = TryLock(MachineLock);
        if (machine is null)
        {
            folder.Dispose();
            throw new CliException($"another cluster is already up on this machine{OtherFolder()}: `cluster down --data DIR` stops it");
        }

        File.WriteAllText(MachineOwner, data.Root);
        ProcessRecord.Current.Write(PidPath(data));
        return new UpLock(folder, machine);
    }

    public void Dispose()
    {
        // Removed while it is held: whoever opened it in between finds it locked or takes a new one.
        File.Delete(MachineOwner);
        File.Delete(MachineLock);
        machine.Dispose();
        folder.Dispose();
    }

    private static string Owner(DataDirectory data) => ProcessRecord.Read(PidPath(data)) is { } up ? $" (pid {up.Pid})" : "";

    private static string OtherFolder() => File.Exists(MachineOwner) ? $", in {File.ReadAllText(MachineOwner)}" : "";

    /// <summary>True while another data folder's cluster is up on this machine.</summary>
    public static bool IsHeldByAnother(DataDirectory data)
    {
        using FileStream? machine = TryLock(MachineLock);
        if (machine is null) return !File.Exists(MachineOwner) || File.ReadAllText(MachineOwner) != data.Root;
        // Left by a cluster that was killed.
        File.Delete(MachineOwner);
        File.Delete(MachineLock);
        return false;
    }

    private static FileStream? TryLock(string path)
    {
        try
        {
            // FileShare.None is an advisory lock of the kernel (flock): it goes with the process, however that ends.
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            return null;
        }
    }
}

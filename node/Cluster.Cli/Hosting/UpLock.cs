using System.Text;

namespace Cluster.Cli.Hosting;

/// <summary>Held while a cluster is up: one a data folder, and one a machine, whose engine, routes and rules it needs for itself.</summary>
internal sealed class UpLock : IDisposable
{
    // Names the data folder of the cluster that is up on this machine.
    private const string MachineLock = "/run/cluster.lock";

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

        machine.SetLength(0);
        machine.Write(Encoding.UTF8.GetBytes(data.Root));
        machine.Flush();
        ProcessRecord.Current.Write(PidPath(data));
        return new UpLock(folder, machine);
    }

    public void Dispose()
    {
        // Removed while it is held: whoever opened it in between finds it locked or takes a new one.
        File.Delete(MachineLock);
        machine.Dispose();
        folder.Dispose();
    }

    private static string Owner(DataDirectory data) => ProcessRecord.Read(PidPath(data)) is { } up ? $" (pid {up.Pid})" : "";

    private static string OtherFolder()
    {
        try
        {
            using var file = new FileStream(MachineLock, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            return $", in {new StreamReader(file).ReadToEnd()}";
        }
        catch (IOException)
        {
            return "";
        }
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

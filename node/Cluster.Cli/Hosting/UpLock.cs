namespace Cluster.Cli.Hosting;

/// <summary>Held while a cluster is up on a data folder: a second <c>up</c> is told who holds it.</summary>
internal sealed class UpLock : IDisposable
{
    private readonly FileStream file;

    private UpLock(FileStream file) => this.file = file;

    public static string PidPath(DataDirectory data) => Path.Combine(data.Run, "up.pid");

    /// <exception cref="CliException">The cluster of this folder is up.</exception>
    public static UpLock Take(DataDirectory data)
    {
        FileStream file;
        try
        {
            // FileShare.None is an advisory lock of the kernel: it goes with the process, however that ends.
            file = new FileStream(Path.Combine(data.Run, "up.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            string owner = ProcessRecord.Read(PidPath(data)) is { } up ? $" (pid {up.Pid})" : "";
            throw new CliException($"the cluster in {data.Root} is already up{owner}: `cluster status` shows it, `cluster down` stops it");
        }

        ProcessRecord.Current.Write(PidPath(data));
        return new UpLock(file);
    }

    public void Dispose() => file.Dispose();
}

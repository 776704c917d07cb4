using System.Globalization;

namespace Cluster.Storage.Embedded;

/// <summary>The exclusive ownership of a store's directory. The kernel drops it when the owner dies, however it dies.</summary>
internal sealed class DirectoryLock : IDisposable
{
    private readonly FileStream _file;

    private DirectoryLock(FileStream file)
    {
        _file = file;
    }

    /// <exception cref="StoreException">Another process has it; the message names the file and the owner.</exception>
    public static DirectoryLock Acquire(string directory)
    {
        var path = Path.Combine(directory, "lock");
        FileStream file;
        try
        {
            file = new FileStream(path, Options());
        }
        catch (IOException e) when (File.Exists(path) && OwnerOf(OwnerPath(path)) is { Length: > 0 } owner)
        {
            throw new StoreException($"the store is in use by process {owner} (lock file {path})", e) { NotApplied = true };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StoreException($"the lock file {path} cannot be taken: {e.Message}", e) { NotApplied = true };
        }

        WriteOwner(OwnerPath(path));
        return new DirectoryLock(file);
    }

    public void Dispose() => _file.Dispose();

    // FileShare.None is an exclusive flock on Unix and a sharing mode on Windows.
    private static FileStreamOptions Options()
    {
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return options;
    }

    // A file of its own: .NET takes a lock for reading too, so nobody could read the locked one.
    private static string OwnerPath(string lockPath) => lockPath + ".pid";

    private static void WriteOwner(string path)
    {
        try
        {
            File.WriteAllText(path, Environment.ProcessId.ToString(CultureInfo.InvariantCulture) + "\n");
        }
        catch (IOException)
        {
            // A full disk: the lock holds all the same, only a second owner can't be told who we are.
        }
    }

    private static string? OwnerOf(string path)
    {
        try
        {
            return File.ReadAllText(path).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}

using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Cluster.Dataplane.Linux;

/// <summary>A folder that one process at a time works in: flock(2) on the folder itself, so that the lock leaves no file and ends with its process.</summary>
internal sealed partial class FolderLock : IDisposable
{
    private const int LOCK_EX = 2;
    private const int LOCK_NB = 4;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly FolderHandle _folder;

    private FolderLock(FolderHandle folder) => _folder = folder;

    /// <summary>Takes the lock, waiting for another holder as long as <paramref name="patience"/>; null where it is not given up.</summary>
    /// <exception cref="Win32Exception">There is no such folder, or its file system knows no locks.</exception>
    public static FolderLock? TryTake(string path, TimeSpan patience)
    {
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            using (var opening = new Opening())
            {
                var folder = opening.Add(FolderHandle.Open(path));
                if (IsTaken(folder, path))
                {
                    // Kept open it keeps the lock; so would one that nobody has, against this very process.
                    opening.Keep();
                    return new FolderLock(folder);
                }
            }

            if (Stopwatch.GetElapsedTime(started) >= patience) return null;
            using var never = new ManualResetEventSlim();
            never.Wait(Pause);
        }
    }

    public void Dispose() => _folder.Dispose();

    private static bool IsTaken(FolderHandle folder, string path)
    {
        if (flock((int)folder.DangerousGetHandle(), LOCK_EX | LOCK_NB) == 0)
        {
            // The holder before may have removed the folder, and someone made it anew: then this is the lock of a folder that is no more.
            using var now = FolderHandle.Open(path);
            return now.Inode == folder.Inode;
        }

        var error = Marshal.GetLastPInvokeError();
        return error == Errno.EAGAIN ? false : throw new Win32Exception(error, $"Cannot lock {path}: {Marshal.GetPInvokeErrorMessage(error)}");
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int flock(int descriptor, int operation);
}

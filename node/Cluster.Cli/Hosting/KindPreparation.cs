using System.Runtime.CompilerServices;
using Cluster.Api;

namespace Cluster.Cli.Hosting;

/// <summary>Makes the kinds of the API beside everything else that a component starts with.</summary>
/// <remarks>
/// Their descriptors are a quarter to a third of an API server's start, most of it the just-in-time compiler's, and the command line, the store and the
/// certificates need none of them: on two cores those take no time beside it. Whoever needs a kind before it is made waits for it.
/// </remarks>
internal static class KindPreparation
{
    private static readonly string[] Components = ["up", "apiserver", "scheduler", "controller-manager"];

    /// <param name="args">The program's.</param>
    public static void Begin(string[] args)
    {
        // One that only starts another process would keep a core from it.
        if (args.Length > 0 && Components.Contains(args[0]) && !args.Contains("--detach"))
            new Thread(Make) { Name = "kinds", IsBackground = true }.Start();
    }

    private static void Make() => RuntimeHelpers.RunClassConstructor(typeof(ResourceCatalog).TypeHandle);
}

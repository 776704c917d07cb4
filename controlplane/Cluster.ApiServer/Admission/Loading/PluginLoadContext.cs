using System.Reflection;
using System.Runtime.Loader;

namespace Cluster.ApiServer.Admission.Loading;

/// <summary>Where a plug-in's assembly lives: it shares the server's assemblies and brings its own others from its folder.</summary>
internal sealed class PluginLoadContext(string path) : AssemblyLoadContext(Path.GetFileNameWithoutExtension(path))
{
    private readonly AssemblyDependencyResolver _resolver = new(path);

    protected override Assembly? Load(AssemblyName assemblyName)
    {
        try
        {
            // First: a type that both know must be one type.
            return Default.LoadFromAssemblyName(assemblyName);
        }
        catch (Exception failure) when (failure is FileNotFoundException or FileLoadException)
        {
            return _resolver.ResolveAssemblyToPath(assemblyName) is { } file ? LoadFromAssemblyPath(file) : null;
        }
    }

    protected override IntPtr LoadUnmanagedDll(string unmanagedDllName) =>
        _resolver.ResolveUnmanagedDllToPath(unmanagedDllName) is { } file ? LoadUnmanagedDllFromPath(file) : IntPtr.Zero;
}

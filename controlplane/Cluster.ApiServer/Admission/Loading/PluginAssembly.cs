using System.Reflection;

namespace Cluster.ApiServer.Admission.Loading;

/// <summary>Finds the admission plug-ins in a file.</summary>
internal static class PluginAssembly
{
    private static readonly AssemblyName Contract = typeof(IAdmissionPlugin).Assembly.GetName();

    /// <exception cref="AdmissionPluginException">There is no such file, it is no assembly, was built for another version, or holds no plug-in.</exception>
    public static IReadOnlyList<PluginType> Load(string file)
    {
        if (!File.Exists(file))
            throw new AdmissionPluginException($"{file}: there is no such file");
        try
        {
            var path = Path.GetFullPath(file);
            var assembly = new PluginLoadContext(path).LoadFromAssemblyPath(path);
            CheckVersion(file, assembly);
            var types = assembly.GetExportedTypes()
                .Where(type => type is { IsClass: true, IsAbstract: false } && type.IsAssignableTo(typeof(IAdmissionPlugin)))
                .Select(type => new PluginType(type, file)).ToList();
            return types.Count > 0
                ? types : throw new AdmissionPluginException($"{file}: there is no admission plug-in in it: no public class is a {typeof(IAdmissionPlugin).FullName}");
        }
        catch (BadImageFormatException failure)
        {
            throw new AdmissionPluginException($"{file}: this is no .NET assembly for this machine", failure);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or TypeLoadException or MissingMethodException or InvalidOperationException)
        {
            throw new AdmissionPluginException($"{file}: {failure.Message.ReplaceLineEndings(" ")}", failure);
        }
    }

    // Before any type is looked at: one of another version may well load, and fail only when a method is called.
    private static void CheckVersion(string file, Assembly assembly)
    {
        if (assembly.GetReferencedAssemblies().FirstOrDefault(one => one.Name == Contract.Name)?.Version is not { } built)
            return;
        var own = Contract.Version!;
        if ((built.Major, built.Minor) != (own.Major, own.Minor))
            throw new AdmissionPluginException($"{file}: it was built for {Contract.Name} {built.ToString(3)}, and this is {own.ToString(3)}: build it for that");
    }
}

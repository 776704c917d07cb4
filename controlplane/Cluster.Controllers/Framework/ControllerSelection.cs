namespace Cluster.Controllers.Framework;

/// <summary>Which controllers run: <c>*</c> all, <c>name</c> this one, <c>-name</c> not this one; the more special word counts.</summary>
internal static class ControllerSelection
{
    /// <exception cref="ArgumentException">A name is no controller's.</exception>
    public static IReadOnlyList<ControllerRegistration> Choose(IReadOnlyList<ControllerRegistration> all, IReadOnlyList<string> words)
    {
        foreach (var word in words.Where(word => word != "*"))
        {
            var name = word.TrimStart('-');
            if (!all.Any(one => Is(one, name)))
            {
                throw new ArgumentException($"there is no controller \"{name}\"; there are: {string.Join(", ", all.Select(one => one.Name))}", nameof(words));
            }
        }

        return [.. all.Where(one => IsChosen(one, words))];
    }

    private static bool IsChosen(ControllerRegistration one, IReadOnlyList<string> words)
    {
        if (words.Any(word => word[0] == '-' && Is(one, word[1..])))
        {
            return false;
        }

        return words.Any(word => word == "*" || Is(one, word));
    }

    private static bool Is(ControllerRegistration one, string name) => one.Name == name || one.Group == name;
}

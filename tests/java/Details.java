/** What an instance tells of itself, as an object of one's own class. */
public final class Details {
    public String zone;
    public int weight;

    public Details() {}

    Details(String zone, int weight) {
        this.zone = zone;
        this.weight = weight;
    }

    @Override
    public String toString() {
        return zone + "*" + weight;
    }
}
